/* Each box is linked with this file alone, to prove that it needs nothing it does not declare. */
