import unittest

import samplerun

Samples = samplerun.test_case("signals")

if __name__ == "__main__":
    unittest.main()
