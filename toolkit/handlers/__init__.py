"""Ready-made applications for the paths of a stack, or for any router: each is one file here."""

from toolkit.handlers.redirect import Redirect as Redirect
from toolkit.handlers.respond import Respond as Respond

respond = Respond
redirect = Redirect

__all__ = ["Redirect", "Respond", "redirect", "respond"]
