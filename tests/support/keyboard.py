"""Using a page by its keys alone: where the focus goes, and whether it can be seen there."""

from playwright.sync_api import Locator, Page

STOPS = 120  # more than any page has before what is looked for
FOCUS = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const place = element.getBoundingClientRect();
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const parts = ["date", "month"].includes(element.type);  // the browser marks the part within
  return {
    drawn: outlined || parts || style.boxShadow !== "none",
    inside: place.width > 0 && place.bottom > 0 && place.top < innerHeight,
    what: element.outerHTML.slice(0, 120),
  };
}"""


def go(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus; wherever it goes before, it must be seen."""
    wanted = target.element_handle()
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["what"].startswith("<body") or (focus["drawn"] and focus["inside"]), focus
        if page.evaluate("element => element === document.activeElement", wanted):
            return
    raise AssertionError(f"no Tab leads to {target}")


def press(page: Page, target: Locator) -> None:
    """Go to a link or button, and press Enter."""
    go(page, target)
    page.keyboard.press("Enter")


def skip_menu(page: Page) -> None:
    """Past the menu and the top bar, as the page's first link offers."""
    press(page, page.get_by_role("link", name="Pular para o conteúdo"))
