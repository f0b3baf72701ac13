"""Compiled page templates, kept in the user's cache folder: compiling takes longer than filling them in."""

import jinja2
from jinja2.bccache import Bucket

from parkdispatch.inputs.cache.cache_folder import read_entry, write_entry
from parkdispatch.inputs.cache.keys import digest


class KeptTemplates(jinja2.BytecodeCache):
    """Jinja's compiled code by its source and version; what is damaged is compiled anew."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with the code that was kept, if any was."""
        content = read_entry(_key(bucket))
        if content is not None:
            bucket.bytecode_from_string(content)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of the bucket."""
        write_entry(_key(bucket), bucket.bytecode_to_string())


def _key(bucket: Bucket) -> str:
    return digest(["template", bucket.key, bucket.checksum, jinja2.__version__])
