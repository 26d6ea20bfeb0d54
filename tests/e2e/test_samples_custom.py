import unittest

import samplerun

Samples = samplerun.test_case("custom")

if __name__ == "__main__":
    unittest.main()
