"""What a browser would act on in a page."""

from __future__ import annotations

from html.parser import HTMLParser


class Tags(HTMLParser):
    """The tags, attributes and styles of a page or fragment.

    Attributes
    ----------
    names : list of str
        Every tag that opens.
    attributes : list of (str, str or None)
    styles : list of str
        The text of the style sheets.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names, self.attributes, self.styles, self._inside = [], [], [], ""
        self.feed(page)

    @property
    def handlers(self) -> list[str]:
        """Attributes that run a script."""
        return [name for name, _ in self.attributes if name.startswith("on")]

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.attributes += attrs
        self._inside = tag

    def handle_data(self, data):
        if self._inside == "style":
            self.styles.append(data)

    def handle_endtag(self, tag):
        self._inside = ""
