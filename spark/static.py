# SPDX-License-Identifier: AGPL-3.0-or-later
"""Static files under names that hold their content's hash, so that a browser may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

#: A module beside or below: what `import` and `export … from` name. Types in comments (`import("../types")`) are not.
_MODULE = r"""["'](?P<url>\.\.?/[^"']+\.js)["']"""


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed; JavaScript modules import each other by hashed names too.

    Before `collectstatic` there are no hashed names, and plain ones are given out: development and tests serve files
    from where they lie. A file that came after the last `collectstatic` is named plainly as well, rather than stop
    the whole page.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "*.js",
            (
                (rf"(?P<matched>\bfrom\s*{_MODULE})", 'from "%(url)s"'),
                (rf"(?P<matched>\bimport\s*{_MODULE})", 'import "%(url)s"'),
                (rf"(?P<matched>\bimport\(\s*{_MODULE}\s*\))", 'import("%(url)s")'),
            ),
        ),
    )
    # A module's hash changes with those of the modules it imports: one pass for each step of the longest chain.
    max_post_process_passes = 15
    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """The hashed name, or the plain one of a file that is not in the manifest."""
        key = self.hash_key(self.clean_name(name))
        return super().stored_name(name) if key in self.hashed_files else name
