"""The page about providers shows the capability table, not a copy that has aged."""

from pathlib import Path

from layersplit.capabilities import CAPABILITIES

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"


def row(capability):
    price = "free" if capability.key_variable is None else "told before the run"
    if capability.price_usd is not None:
        price = f"${capability.price_usd:.2f} a {capability.price_unit} ({capability.price_date})"
    cells = (
        f"`{capability.name}` ({capability.title})",
        f"{capability.layers[0]} to {capability.layers[1]}",
        price,
        "none" if capability.key_variable is None else f"`{capability.key_variable}`",
        capability.can_cancel,
        capability.retention,
    )
    return f"| {' | '.join(cells)} |"


def test_every_service_has_its_row():
    page = PAGE.read_text(encoding="utf-8")
    for capability in CAPABILITIES.values():
        if capability.sends_to is not None:
            assert row(capability) in page
            assert capability.cancel_note
            assert capability.failure_note
