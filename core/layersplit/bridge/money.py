"""May a job that came to nothing have cost money? Both sides of the channel ask this."""

from __future__ import annotations

from typing import Optional, Union

from layersplit.bridge.messages import Resume, Split

FREE_PROVIDERS = ("classic", "local", "comfyui")
PAID_STAGES = ("provider", "restore", "export")


def may_have_cost(request: Union[Split, Resume], stage: Optional[str]) -> bool:
    """Whether a service may charge for ``request``, which was lost in ``stage`` (None: queued).

    Resuming never costs: the job was paid when it was made.
    """
    if not isinstance(request, Split) or stage not in PAID_STAGES:
        return False
    return request.options.provider not in FREE_PROVIDERS
