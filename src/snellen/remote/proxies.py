"""The proxy between this machine and a server."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from snellen.errors import WrongUse
from snellen.remote.options import is_loopback


def proxy_for(url: str) -> str | None:
    """The address of the proxy by which the system's settings reach a server (`https_proxy`, `no_proxy` and the like).

    None where there is none, as for this machine itself. Raises WrongUse for a proxy that does not speak HTTP.
    """
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.netloc):
        return None
    proxy = getproxies().get(parts.scheme)
    if not proxy:
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        raise WrongUse(f"the proxy for {parts.scheme} is of the kind {urlsplit(proxy).scheme}; expected an http proxy")
    return proxy
