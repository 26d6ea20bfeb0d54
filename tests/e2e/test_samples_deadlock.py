import unittest

import samplerun

Samples = samplerun.test_case("deadlock")

if __name__ == "__main__":
    unittest.main()
