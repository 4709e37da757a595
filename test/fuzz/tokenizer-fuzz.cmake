# The tokenizer's fuzz entry as a program that replays files; CI runs it on a
# corpus of one small file a kind. For fuzzing proper:
#   clang++-22 -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined \
#     -DLLMC_LIBFUZZER -I. test/fuzz/tokenizer-fuzz.cpp \
#     frontends/tokenizer/*.cpp runtime/tokenizer/*.cpp \
#     runtime/support/{Error,File}.cpp -lpcre2-8 -lutf8proc -o fuzz && \
#     ./fuzz -max_len=20000 test/fuzz/corpus/tokenizer
add_executable(tokenizer-fuzz "${CMAKE_CURRENT_LIST_DIR}/tokenizer-fuzz.cpp")
target_link_libraries(tokenizer-fuzz PRIVATE LlmcTokenizerReader)
add_test(NAME tokenizer-fuzz
  COMMAND tokenizer-fuzz --mutate 2000 "${CMAKE_CURRENT_LIST_DIR}/corpus/tokenizer")
