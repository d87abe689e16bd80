"""Blog posts of a space, with their bodies."""

from __future__ import annotations

from sitekeep_backup.exporters.confluence.chains import first_key
from sitekeep_backup.exporters.confluence.contents import Content, export_contents
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

BLOG_POSTS = "blog-posts"


def first_of(space: str, key: str) -> UnitPlan:
    """The unit that starts to read the blog posts of a space."""
    arguments = {"space": space, "key": key}
    return UnitPlan(
        ExportPhase.CONTENT, first_key("blog-posts", f"{space:>020}"), BLOG_POSTS, arguments
    )


async def export_blog_posts(unit: ExportUnit) -> None:
    """Keeps some blog posts of one space (``GET /spaces/{id}/blogposts``). Raises SiteError."""
    await export_contents(unit, Kind.BLOG_POST, "blogposts", ("current", "trashed"), _nothing)


async def _nothing(unit: ExportUnit, content: Content) -> None:
    return
