"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

# A busy machine makes no test fail; the submission's run tries the same examples every time.
settings.register_profile(
    "layersplit",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("layersplit")
