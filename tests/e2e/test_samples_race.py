import unittest

import samplerun

Samples = samplerun.test_case("race")

if __name__ == "__main__":
    unittest.main()
