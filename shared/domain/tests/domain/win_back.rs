//! win_back
