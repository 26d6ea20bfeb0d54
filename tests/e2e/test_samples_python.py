import unittest

import samplerun

Samples = samplerun.test_case("python")

if __name__ == "__main__":
    unittest.main()
