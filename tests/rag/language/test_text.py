"""The matching form of text."""

from rag.language.text import clean, fold


def test_what_no_reader_sees_is_left_out() -> None:
    """Marks of control and direction go; half of a surrogate pair becomes the sign for what can't be shown, never a 「?」."""
    assert clean("常务\u200b会\u202e议\x07") == "常务会议"
    assert clean("会议\ud83d多久开\udc00一次") == "会议\ufffd多久开\ufffd一次"
    assert clean("会议\U0001f600") == "会议\U0001f600"
    assert fold("\ud800常务會議？") == "\ufffd常务会议?"
