import unittest

import samplerun

Samples = samplerun.test_case("stall")

if __name__ == "__main__":
    unittest.main()
