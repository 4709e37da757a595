set(reader_tests "${PROJECT_SOURCE_DIR}/test/unit/reader")
llmc_unit_test(OnnxReaderTests
  ${reader_tests}/ExternalDataTest.cpp
  ${reader_tests}/FileSnifferTest.cpp
  ${reader_tests}/OnnxReaderErrorTest.cpp
  ${reader_tests}/OnnxReaderMutationTest.cpp
  ${reader_tests}/OnnxReaderTensorTest.cpp
  ${reader_tests}/OnnxReaderTest.cpp
  ${reader_tests}/TopologicalOrderTest.cpp
  LINK LlmcOnnxReader)
# On its own: it counts every allocation of the process.
llmc_unit_test(OnnxReaderHeapTests
  ${reader_tests}/OnnxReaderHeapTest.cpp
  LINK LlmcOnnxReader)
llmc_unit_test(FileTests ${reader_tests}/FileTest.cpp LINK LlmcSupport)

include("${PROJECT_SOURCE_DIR}/test/fuzz/read-onnx-fuzz.cmake")
