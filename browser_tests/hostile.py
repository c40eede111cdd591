"""Texts that attack who shows them; each sets `window.pwned` where it is taken for more than a text."""

from __future__ import annotations

SCRIPT = "<script>window.pwned=1</script>"
SECRET = "root:x:0:0:this stands outside of every run"  # no page may ever show it
TEXTS = (
    SCRIPT,
    f"</script>{SCRIPT}",
    f"</textarea></style></title>{SCRIPT}",
    '"onerror="window.pwned=1',
    "'onmouseover='window.pwned=1",
    '"><img src=x onerror=window.pwned=1>',
    "<svg onload=window.pwned=1>",
    "<!-- <script> --!> <b",
    "javascript:window.pwned=1",
    "&lt;script&gt;&quot;&amp;amp;",
    "{{7*7}}",
    "{% raw %}",
    "${window.pwned=1}`",
    "\\u003cscript\\u003e \\x3c \\",
    "line\u2028separators\u2029within",
    "\u202egnp.txt\u200f \u2066ab",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "../../etc/passwd",
    "__proto__",
    "constructor",
    "datum.label']; window.pwned=1; ['",
    "=HYPERLINK(A1) | a,b;c",
)
# what no class or file can be called, but a model may say
ANSWERS = (
    *TEXTS,
    f"before\0after {SCRIPT}",
    "half a pair \ud800 and the other half \udfff",
    "\x1b[31mred\x1b[0m\r\n\x08\x7f\x85",
    SCRIPT + "A" * (1 << 20) + SCRIPT,
    "unbroken" * 2000,
    "e\u0301" + "\u0301" * 500,
    "# Title\n[link](javascript:window.pwned=1) ![](http://example.org/x.png)\n\n| a | b |",
    "http://example.org/ https://example.org/ www.example.org",
    "",
)
# examples in a table may be called anything that can be printed
IDS = (
    *TEXTS,
    "/etc/passwd",
    "..",
    ".",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..\\..\\etc\\passwd",
    "file:///etc/passwd",
    "http://example.org/x.png",
    "a?b=1&c=%00#d",
    "a+b c%20d%",
    "x" * 3000,
)


def fit_for_files(text: str) -> str:
    """The text as it can be in the name of a file: without slashes, and not too long."""
    return text.replace("/", "\u2215").strip()[:80]
