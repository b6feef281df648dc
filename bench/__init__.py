"""What the toolkit costs beside what people use today: `python -m bench`. docs/benchmarks.md tells the method."""
