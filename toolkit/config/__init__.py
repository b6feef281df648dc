"""A configuration file, or a mapping with the same sections, as a stack."""

from toolkit.config.compiler import compile as compile
