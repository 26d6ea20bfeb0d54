"""Samples of locks with races looked for, too: the relaxed flags that set their scenes are no races, nor is what they hand over."""
import unittest

import samplerun

Quiet = samplerun.test_case("quiet", ["--races=full"])
Order = samplerun.test_case("order", ["--races=full"])

if __name__ == "__main__":
    unittest.main()
