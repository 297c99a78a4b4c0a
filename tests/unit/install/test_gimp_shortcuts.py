import pytest

from layersplit.bridge.setup.gimp_shortcuts import (
    KEPT,
    SET,
    TAKEN,
    with_shortcut,
    without_shortcut,
)

ACTION, KEY = "plug-in-layersplit", "<Primary><Shift>k"
OURS = f'(action "{ACTION}" "{KEY}")\n'
WRITTEN_BY_GIMP = """# GIMP shortcutsrc
#

(file-version 1)

# (action "about")
(action "tools-crop" "<Shift>c")
# (action "edit-copy" "<Primary>c")

# end of shortcutsrc
"""


def test_a_new_file_gets_the_version_line_first():
    assert with_shortcut("", ACTION, KEY) == ("(file-version 1)\n" + OURS, SET, "")


def test_our_line_is_added_before_the_end_and_the_rest_stays():
    text, outcome, _ = with_shortcut(WRITTEN_BY_GIMP, ACTION, KEY)
    assert outcome == SET
    assert text.replace(OURS, "") == WRITTEN_BY_GIMP
    assert text.index(OURS) < text.index("# end of shortcutsrc")


def test_a_second_time_changes_nothing():
    text, _, _ = with_shortcut(WRITTEN_BY_GIMP, ACTION, KEY)
    assert with_shortcut(text, ACTION, KEY)[:2] == (text, KEPT)


@pytest.mark.parametrize("keys", ["", ' "<Primary>j"'])
def test_the_users_own_choice_for_our_action_is_kept(keys):
    text = f'(file-version 1)\n(action "{ACTION}"{keys})\n'
    assert with_shortcut(text, ACTION, KEY) == (text, KEPT, keys.strip())


@pytest.mark.parametrize(
    "line",
    [
        '(action "layers-new" "<Primary><Shift>k")',
        '(action "layers-new" "<Shift>x" "<Primary><Shift>K")',
        '(action "layers-new" "<Control><Shift>k")',
        '# (action "layers-new" "<Primary><Shift>k")',
    ],
)
def test_a_key_of_another_action_is_never_taken(line):
    text = f"(file-version 1)\n{line}\n"
    assert with_shortcut(text, ACTION, KEY) == (text, TAKEN, "layers-new")


def test_a_key_that_only_begins_alike_is_free():
    text = '(file-version 1)\n(action "x" "<Primary><Shift>KP_0")\n'
    assert with_shortcut(text, ACTION, KEY)[1] == SET


def test_gimps_comment_about_our_action_is_no_choice():
    text = f'(file-version 1)\n# (action "{ACTION}")\n'
    assert with_shortcut(text, ACTION, KEY)[1] == SET


def test_forgetting_leaves_every_other_line():
    text, _, _ = with_shortcut(WRITTEN_BY_GIMP, ACTION, KEY)
    assert without_shortcut(text, ACTION) == WRITTEN_BY_GIMP
    assert without_shortcut(f'# (action "{ACTION}")\n' + text, ACTION) == WRITTEN_BY_GIMP


def test_a_file_without_last_newline_keeps_its_last_line_whole():
    text, _, _ = with_shortcut('(file-version 1)\n(action "x" "a")', ACTION, KEY)
    assert text == '(file-version 1)\n(action "x" "a")\n' + OURS
