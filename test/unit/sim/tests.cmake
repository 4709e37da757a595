llmc_unit_test(sim-tests
  sim/ArithmeticTest.cpp
  sim/CheckerTest.cpp
  sim/ConvertTest.cpp
  sim/DriverTest.cpp
  sim/KernelTest.cpp
  sim/MatrixTest.cpp
  sim/MemoryTest.cpp
  sim/ParserTest.cpp
  sim/PlantedFaultsTest.cpp
  sim/TensorCopyTest.cpp
  sim/WarpTest.cpp
  sim/WgmmaTest.cpp
  LINK LlmcSim)

include("${PROJECT_SOURCE_DIR}/test/fuzz/ptx-fuzz.cmake")
