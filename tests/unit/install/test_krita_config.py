import pytest

from layersplit.bridge.setup.krita_config import enabled, restored, value_of

MODULE = "layersplit_krita"
LINE = "enable_layersplit_krita=true"

FILES = {
    "empty": "",
    "no section": "a=1\nb=2\n",
    "no last newline": "a=1",
    "other plug-ins": "a=1\n[python]\nenable_other=true\n\n[theme]\nx=1\n",
    "section at the end": "[theme]\nx=1\n[python]\nenable_other=false\n",
    "switched off": "[python]\nenable_layersplit_krita=false\nenable_other=true\n",
    "odd keys": "a=1\na=2\n=x\n[python]\nenable_b=true\n[python][sub]\n"
    "enable_layersplit_krita=no\n",
    "windows": "a=1\r\n[python]\r\nenable_other=true\r\n",
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_the_plug_in_is_switched_on_and_nothing_else_changes(text):
    changed = enabled(text, MODULE)
    assert value_of(changed, MODULE) == "true"
    others = [line for line in text.split("\n") if MODULE not in line and line.strip()]
    assert [line for line in changed.split("\n") if line in others] == others


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_switching_on_twice_is_switching_on_once(text):
    once = enabled(text, MODULE)
    assert enabled(once, MODULE) == once


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_restoring_brings_back_the_lines_that_were_there(text):
    before = value_of(text, MODULE)
    after = restored(enabled(text, MODULE), MODULE, before)
    assert after.rstrip("\r\n") == text.rstrip("\r\n")


def test_restoring_keeps_what_krita_wrote_meanwhile():
    now = enabled("[theme]\nx=1\n", MODULE).replace("x=1", "x=2") + "enable_new=true\n"
    assert restored(now, MODULE, None) == "[theme]\nx=2\n\n[python]\nenable_new=true\n"


def test_the_line_stands_in_its_section():
    lines = enabled(FILES["other plug-ins"], MODULE).split("\n")
    assert lines[lines.index("[python]") + 1] == LINE


def test_line_ends_stay_what_they_are():
    assert "\n" not in enabled(FILES["windows"], MODULE).replace("\r\n", "")
