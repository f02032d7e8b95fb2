// All files of these tests use it.
@_exported import TestSupport
