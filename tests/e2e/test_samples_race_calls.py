"""The samples of --races=calls: what library calls alone show, in programs that nothing was done to."""
import unittest

import samplerun

Samples = samplerun.test_case("race_calls", ["--races=calls"])

if __name__ == "__main__":
    unittest.main()
