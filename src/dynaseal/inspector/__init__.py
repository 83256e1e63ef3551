"""`dynaseal inspector`: tables and stored items in the browser, on this machine only.

- `guard` decides which HTTP requests are answered, `serving` listens on a loopback port.
- `accounts` has the AWS clients of the principals that a person looks with; `labs` calls a lab's control API
  over HTTP, and `policies` reads and writes a lab's policies.
- `application` has the addresses; `table_pages`, `item_pages` and `lab_pages` answer them, over `site`, and
  `rendering` turns what they return into HTML.
- `readers` decrypts as a principal, and `who_can` lists who else could.

Against anything that is not a lab, it only reads.
"""
