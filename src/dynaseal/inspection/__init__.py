"""One stored item explained: what the terminal and the browser show of it, without any request.

`item` explains an item, `byte_ranges` its header and footer byte by byte, and `values` shows any value, of a
damaged item too, as a short line of printable characters.
"""
