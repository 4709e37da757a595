# The image of FakeKernels.c, and the table of its entries, for FakeModel.
set(fake_dir "${CMAKE_CURRENT_LIST_DIR}")
set(fake_image "${CMAKE_CURRENT_BINARY_DIR}/fake-kernels.bin")
set(fake_symbols "${CMAKE_CURRENT_BINARY_DIR}/fake-kernels.txt")
set(fake_elf "${CMAKE_CURRENT_BINARY_DIR}/fake-kernels.elf")
add_custom_command(OUTPUT "${fake_image}" "${fake_symbols}"
  COMMAND ${CMAKE_C_COMPILER} -O1 -fPIC -ffreestanding -fno-stack-protector
    -fcf-protection=none -c "${fake_dir}/FakeKernels.c" -o "${fake_elf}.o"
  COMMAND ${CMAKE_LINKER} -T "${fake_dir}/FlatImage.ld" -o "${fake_elf}" "${fake_elf}.o"
  COMMAND ${CMAKE_OBJCOPY} -O binary "${fake_elf}" "${fake_image}"
  COMMAND ${CMAKE_NM} "${fake_elf}" > "${fake_symbols}"
  DEPENDS "${fake_dir}/FakeKernels.c" "${fake_dir}/FlatImage.ld" VERBATIM)
add_custom_target(fake-kernels DEPENDS "${fake_image}" "${fake_symbols}")

add_library(FakeModel STATIC "${fake_dir}/FakeModel.cpp")
add_dependencies(FakeModel fake-kernels)
target_compile_definitions(FakeModel PRIVATE
  FAKE_IMAGE="${fake_image}" FAKE_SYMBOLS="${fake_symbols}")
target_link_libraries(FakeModel PUBLIC LlmcRuntime)

llmc_unit_test(runtime-tests
  runtime/ArgumentsTest.cpp
  runtime/BatchTest.cpp
  runtime/BenchTest.cpp
  runtime/ChatTest.cpp
  runtime/CommandLineTest.cpp
  runtime/CostsTest.cpp
  runtime/CpuTest.cpp
  runtime/DecoderTest.cpp
  runtime/EndingTest.cpp
  runtime/FakeBinary.cpp
  runtime/GraphTest.cpp
  runtime/InputTextTest.cpp
  runtime/KvCacheTest.cpp
  runtime/LineBufferTest.cpp
  runtime/LoadingTest.cpp
  runtime/LoadPolicyTest.cpp
  runtime/OutputsTest.cpp
  runtime/PromptBoundTest.cpp
  runtime/ReportTest.cpp
  runtime/SupportTest.cpp
  runtime/TensorFileTest.cpp
  runtime/ThreadPoolTest.cpp
  runtime/ValuesTest.cpp
  runtime/WeightCopyTest.cpp
  LINK FakeModel LlmcVerbs LlmcTemplateReader)
add_dependencies(runtime-tests llmc-stub)
target_compile_definitions(runtime-tests PRIVATE LLMC_STUB="$<TARGET_FILE:llmc-stub>")
