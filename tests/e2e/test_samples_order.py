import unittest

import samplerun

Samples = samplerun.test_case("order")

if __name__ == "__main__":
    unittest.main()
