import unittest

import samplerun

Samples = samplerun.test_case("quiet")

if __name__ == "__main__":
    unittest.main()
