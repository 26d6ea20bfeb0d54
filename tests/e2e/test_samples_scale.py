import unittest

import samplerun

Samples = samplerun.test_case("scale")

if __name__ == "__main__":
    unittest.main()
