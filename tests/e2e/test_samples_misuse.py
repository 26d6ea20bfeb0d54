import unittest

import samplerun

Samples = samplerun.test_case("misuse")

if __name__ == "__main__":
    unittest.main()
