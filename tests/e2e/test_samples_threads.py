import unittest

import samplerun

Samples = samplerun.test_case("threads")

if __name__ == "__main__":
    unittest.main()
