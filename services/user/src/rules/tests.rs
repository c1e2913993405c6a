//! Each rule as a sentence.
