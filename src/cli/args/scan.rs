//! Options of commands that scan directories.
