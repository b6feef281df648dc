"""What a stack does with one request, and why: for people as text, for programs as data."""

from toolkit.engine.explain.decide import explain as explain
from toolkit.engine.explain.explanation import Explanation as Explanation
