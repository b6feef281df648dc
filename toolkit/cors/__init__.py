"""Cross-origin resource sharing: which other sites' pages may read an application's responses.

layer.py holds the options and the hooks, request.py what they read beside Origin, policy.py decides as a function of
values, answers.py remembers what was decided, refusals.py says what is wrong with options, origin_check.py asks the
application's own function, verdict.py is what a browser makes of the answers, and explain.py says it in sentences.
"""

from toolkit.cors.layer import CORS as CORS
from toolkit.cors.layer import CORSMiddleware as CORSMiddleware
from toolkit.cors.origin_check import OriginCheck as OriginCheck
from toolkit.cors.verdict import Verdict as Verdict
