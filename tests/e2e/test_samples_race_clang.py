"""The samples of races compiled by clang, and linked with snarl."""
import unittest

import samplerun

if (samplerun.BUILD / "samples/race-clang").is_dir():
    Samples = samplerun.test_case("race", built="race-clang")
else:
    class Samples(unittest.TestCase):
        @unittest.skip("clang was not there when the samples were built")
        def test_samples(self):
            pass

if __name__ == "__main__":
    unittest.main()
