# The reader's fuzz entry as a program that replays files; CI runs it on the
# corpus. For fuzzing proper:
#   clang++-22 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined \
#     -DLLMC_LIBFUZZER -I. test/fuzz/read-onnx-fuzz.cpp \
#     frontends/onnx/reader/*.cpp runtime/support/{Error,File}.cpp \
#     -lprotobuf-lite -o fuzz && ./fuzz test/fuzz/corpus/onnx
add_executable(read-onnx-fuzz "${CMAKE_CURRENT_LIST_DIR}/read-onnx-fuzz.cpp")
target_link_libraries(read-onnx-fuzz PRIVATE LlmcOnnxReader)
add_executable(make-onnx-corpus EXCLUDE_FROM_ALL
  "${CMAKE_CURRENT_LIST_DIR}/make-onnx-corpus.cpp")
add_test(NAME read-onnx-fuzz
  COMMAND read-onnx-fuzz --mutate 200 "${CMAKE_CURRENT_LIST_DIR}/corpus/onnx")
