"""Paths of this portal, told from everything that leads elsewhere."""


def local_path(target: str | None) -> str | None:
    """`target` when it is a path of this site (`/clientes?q=ana`), else None.

    Refuses what a browser could read as another site: `//evil`, `/\\evil`, a scheme, and the
    control characters that browsers drop before they look.
    """
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    return target if target.isprintable() and len(target) <= 2000 else None
