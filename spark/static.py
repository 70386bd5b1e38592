# SPDX-License-Identifier: AGPL-3.0-or-later
"""Static files under names that hold their content's hash, so that a browser may keep them for ever."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

#: A module beside or below: what `import` and `export … from` name. Types in comments (`import("../types")`) are not.
_MODULE = r"""["'](?P<url>\.\.?/[^"']+\.js)["']"""
_IMPORTS = (
    (rf"(?P<matched>\bfrom\s*{_MODULE})", 'from "%(url)s"'),
    (rf"(?P<matched>\bimport\s*{_MODULE})", 'import "%(url)s"'),
    (rf"(?P<matched>\bimport\(\s*{_MODULE}\s*\))", 'import("%(url)s")'),
)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed; JavaScript modules import each other by hashed names too.

    A module's hash is that of its own text and of all modules it leads to, as they were written: so it changes with
    each of them, and modules may import each other in a circle, for which Django's way of hashing what was already
    rewritten finds no end.

    Before `collectstatic` there are no hashed names, and plain ones are given out: development and tests serve files
    from where they lie. A file that came after the last `collectstatic` is named plainly as well, rather than stop
    the whole page.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("*.js", _IMPORTS))
    manifest_strict = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sources: dict[str, bytes] = {}

    def post_process(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """As the parent does it, on the files as they lie there now."""
        self._sources.clear()
        yield from super().post_process(*args, **kwargs)

    def file_hash(self, name: str | None, content: Any = None) -> str | None:
        """Hash of a file, of a module with all that it imports; of no name for the manifest's own."""
        if not name or not name.endswith(".js") or content is None or not self.exists(name):
            return super().file_hash(name, content)
        digest = hashlib.sha256()
        for module in sorted(self._closure(name)):
            digest.update(module.encode() + b"\0" + self._source(module) + b"\0")
        return digest.hexdigest()[:12]

    def stored_name(self, name: str) -> str:
        """The hashed name, or the plain one of a file that is not in the manifest."""
        key = self.hash_key(self.clean_name(name))
        return super().stored_name(name) if key in self.hashed_files else name

    def _closure(self, name: str) -> set[str]:
        """The module and every module that it leads to."""
        found: set[str] = set()
        todo = [name]
        while todo:
            module = todo.pop()
            if module in found or not self.exists(module):
                continue
            found.add(module)
            text = self._source(module).decode(errors="replace")
            folder = posixpath.dirname(module)
            urls = (match["url"] for pattern, _ in _IMPORTS for match in re.finditer(pattern, text))
            todo += [posixpath.normpath(posixpath.join(folder, url)) for url in urls]
        return found

    def _source(self, name: str) -> bytes:
        if name not in self._sources:
            with self.open(name) as file:
                self._sources[name] = file.read()
        return self._sources[name]
