"""Lines of pages: names in headings and tables may break after _ and ., and no code ends with an empty line."""

import re

NARROW = re.compile(r"<(h[1-3]|td)\b.*?</\1>", re.DOTALL)
BREAK = re.compile(r"(?<=\w_)(?=\w)|(?<=\w\.)(?=[a-zA-Z_]{3})")
TEXT = re.compile(r"(?<=>)[^<]+")


def setup(app):
    app.connect("html-page-context", allow)
    return {"parallel_read_safe": True}


def allow(app, name, template, context, doctree):
    if "body" in context:
        body = context["body"].replace("\n\n</pre>", "\n</pre>")
        context["body"] = NARROW.sub(lambda part: TEXT.sub(lambda text: BREAK.sub("<wbr>", text[0]), part[0]), body)
