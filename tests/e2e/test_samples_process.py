import unittest

import samplerun

Samples = samplerun.test_case("process")

if __name__ == "__main__":
    unittest.main()
