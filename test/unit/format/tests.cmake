llmc_unit_test(format-tests
  format/ArtifactTest.cpp
  format/CheckModelTest.cpp
  format/WriterTest.cpp
  LINK FakeModel LlmcFormat)
