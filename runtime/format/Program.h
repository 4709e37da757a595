/// What a model.bin says, as plain structs: the compiler fills them, the writer
/// encodes them, the reader decodes and checks them, the runtime executes them.
#ifndef LLMC_RUNTIME_FORMAT_PROGRAM_H
#define LLMC_RUNTIME_FORMAT_PROGRAM_H

#include "runtime/format/CacheLayout.h"
#include "runtime/format/ElementType.h"
#include "runtime/format/TensorTile.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// Index of a Value in its program's `values`.
using ValueId = uint32_t;
/// Index of a Buffer in its program's `buffers`.
using BufferId = uint32_t;

/// An integer of a program, computed once per step from symbols and from
/// values that stand before it. All arithmetic is checked 64-bit; divisors and
/// moduli must be positive.
struct Value {
  enum class Kind : uint8_t {
    Constant = 0, ///< number
    Symbol = 1,   ///< symbols[number]
    Add = 2,      ///< left + right
    Sub = 3,
    Mul = 4,
    FloorDiv = 5, ///< Rounds towards minus infinity.
    CeilDiv = 6,
    Mod = 7, ///< In [0, right).
    Min = 8,
    Max = 9,
  };
  Kind kind = Kind::Constant;
  int64_t number = 0;
  ValueId left = 0;
  ValueId right = 0;
};

/// Memory of a type. The pointer passed to a kernel is the space's base plus
/// `offset` bytes.
struct Buffer {
  enum class Space : uint8_t {
    Arena = 0,
    Weight = 1,     ///< Base: weights[index].
    Input = 2,      ///< Base: the program's inputs[index].
    Output = 3,     ///< Base: the program's outputs[index].
    KeyCache = 4,   ///< Base: layer `index`, see CacheLayout.
    ValueCache = 5, ///< Base: layer `index`.
  };
  Space space = Space::Arena;
  ElementType type = ElementType::F32;
  uint32_t index = 0;
  ValueId offset = 0; ///< Bytes; a multiple of the element's size.
  std::vector<ValueId> shape;
  /// In elements, one per dimension; empty where row-major without gaps.
  std::vector<int64_t> strides;
  /// A view lies in this buffer before it, which is none: its memory is that
  /// one's, and so is its life. For people.
  std::optional<BufferId> viewOf = {};
};

/// What a tile waits for of an earlier launch of its program: tile t for the tiles
/// [floor(t * mine / theirs), ceil((t + 1) * mine / theirs)), as far as there are
/// such; all tiles where `mine` is 0.
struct Wait {
  uint32_t launch = 0;
  uint32_t mine = 0;
  uint32_t theirs = 0;
};

/// All tiles of a kernel, over the threads or a device's blocks, then a barrier.
struct Launch {
  uint32_t kernel = 0; ///< In Model::kernels, or in its device's.
  ValueId tiles = 0;             ///< Tiles [0, tiles).
  std::vector<BufferId> buffers; ///< One per memref argument (KernelAbi.h).
  std::vector<ValueId> scalars;  ///< Dynamic extents and indices (KernelAbi.h).
  std::string name;              ///< For traces: `layer 3 attention`.
  /// For executors that have no barrier; nothing else in front need be done.
  std::vector<Wait> waits;
};

/// An argument of a program.
struct Argument {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<ValueId> shape;
};

/// Two values that must be equal before a graph may run.
struct Constraint {
  ValueId left = 0;
  ValueId right = 0;
  std::string text; ///< `dimension 1 of mask = dimension 1 of ids`
};

/// A specialisation of a decoder's step, or a whole graph.
///
/// A step has these symbols (any subset, in any order): T rows, R rows whose
/// logits are wanted, S sequences, P columns of the page table, B row blocks of
/// attention, N pages in the pool, C rows whose token is chosen (R or 0); these
/// inputs (any subset):
///   tokens [T] i32, positions [T] i32, row_sequence [T] i32, rows [R] i32,
///   page_table [S, P] i32, blocks [B, 2] i32 (first row, rows),
///   choices [C, 8] i32 (TokenChoice.h), counters [B, cache heads] i32: zeros that
///   kernels leave as zeros;
/// the output logits [R, vocabulary] f32 and, where it chooses tokens, then the
/// output next_tokens [C] i32. Its arenaBytes is a Constant that
/// suffices for every T in [minRows, maxRows] and R ≤ T.
///
/// A graph's symbols are bound by its inputs: each symbol is the extent of at
/// least one dimension of an input.
struct Program {
  enum class Kind : uint8_t { Step = 0, Graph = 1 };
  std::string name;
  Kind kind = Kind::Step;
  int64_t minRows = 0; ///< Steps: minRows ≤ T ≤ maxRows.
  int64_t maxRows = 0;
  std::vector<std::string> symbols;
  std::vector<Value> values;
  ValueId arenaBytes = 0; ///< The arena's base is 4096-byte aligned.
  std::vector<Argument> inputs;
  std::vector<Argument> outputs;
  std::vector<Buffer> buffers;
  std::vector<Launch> launches;
  std::vector<Constraint> constraints;
};

/// What generation_config.json asks for; negative or 0 where it says nothing.
struct GenerationDefaults {
  bool sample = false;
  float temperature = 0;
  int32_t topK = 0;
  float topP = 0;
  float minP = 0;
  float repetitionPenalty = 0;
};

/// The numbers of a decoder that the runtime needs.
struct DecoderConfig {
  int64_t vocabulary = 0;
  int64_t maxContext = 0; ///< Positions of one sequence.
  CacheLayout cache;
  ElementType cacheType = ElementType::F32;
  int64_t chunk = 0;     ///< Largest T of the step programs.
  int64_t blockRows = 0; ///< Largest number of rows in an attention block.
  int64_t bosToken = -1; ///< -1: none.
  std::vector<int64_t> eosTokens;
  GenerationDefaults defaults;
};

/// A module's programs for a device.
struct DeviceSchedule {
  uint32_t device = 0;   ///< In Model::devices; no other of the module has it.
  int64_t chunk = 0;     ///< Decoders: largest T of these programs.
  int64_t blockRows = 0; ///< Decoders: most rows in an attention block.
  std::vector<Program> programs; ///< As Module::programs.
};

struct Module {
  enum class Kind : uint8_t { Decoder = 0, Graph = 1 };
  std::string name;
  Kind kind = Kind::Decoder;
  DecoderConfig decoder; ///< Decoders only.
  /// A decoder's steps in ascending order of minRows: for every T in
  /// [1, chunk] the first with minRows ≤ T ≤ maxRows is taken. A graph has one.
  /// Empty where the file has no CPU images: then there are schedules.
  std::vector<Program> programs;
  std::vector<DeviceSchedule> schedules;
};

/// A constant tensor in the pool of weights, shared by all programs.
struct Weight {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape; ///< As stored.
  std::string layout;         ///< `rows`, `panels`; for people.
  uint64_t bytes = 0;
  uint64_t offset = 0; ///< In the weights section; set by the writer.
  /// Numbers of the model that it holds: without padding, scales and zero
  /// points; 0 for tables that are no parameters (angles of rotations).
  uint64_t parameters = 0;
};

/// What a kernel computes and reads, for people and for measurements; nothing
/// is executed by it. The rows of a launch are the first extent of its first
/// buffer that is no lookup's. Linears and attention are counted, other operators
/// have 0.
struct KernelWork {
  /// A table of which each row reads some bytes, not all of it.
  struct Lookup {
    uint32_t buffer = 0; ///< Among the kernel's memref arguments.
    int64_t rowBytes = 0;
  };
  int64_t rowOperations = 0; ///< Floating-point operations of a row; an FMA is two.
  /// Operations of a row for each position of the cache that it sees.
  int64_t positionOperations = 0;
  int64_t window = 0; ///< Positions that a row sees at most; 0: no limit.
  std::vector<Lookup> lookups;
};

/// A kernel by name; the same index in every image.
struct Kernel {
  std::string name;
  std::string op;           ///< `linear`, `attention` …; for traces.
  uint32_t bufferCount = 0; ///< Memref arguments.
  uint32_t scalarCount = 0; ///< Scalars (KernelAbi.h).
  KernelWork work;
};

/// The machine code of all kernels for one CPU level: position-independent, no
/// imports, no relocations.
struct KernelImage {
  std::string level;             ///< `x86-64-v3`, `x86-64-v4` … (CpuLevel.h)
  std::vector<uint64_t> entries; ///< Byte offset of each kernel's first byte.
  uint32_t section = 0;          ///< Set by the writer.
};

/// A kernel of a device. `entry` is a `.visible .entry` whose parameters are one
/// u64 device pointer per memref argument, one s64 per scalar, and s64 begin and
/// end of the tiles: block b walks begin + b, begin + b + blocks, …. Behind these
/// comes one tensor map of 128 bytes for each of `tensors`.
struct DeviceKernel {
  Kernel kernel;
  std::string entry;
  uint32_t sharedBytes = 0; ///< Dynamic shared memory of a block.
  /// ptxas's figures, for people; 0 where it was not at hand.
  uint32_t registers = 0;
  uint32_t spillBytes = 0; ///< Stores and loads, a thread.
  /// Rows of a launch that a block does at once, where the grid's y divides the
  /// rows among blocks; 0: it does not, y is 1.
  uint32_t rowsPerBlock = 0;
  /// `mma.sync`, `wgmma`: the matrix instructions that it is made of; empty: none.
  /// For people.
  std::string matrix;
  std::vector<TensorTile> tensors;
};

/// The code of all kernels for one kind of device.
struct DeviceImage {
  std::string target;        ///< `sm_80`, `sm_90a`; each once in a file.
  uint32_t blockThreads = 0; ///< Of every kernel: whole warps.
  std::vector<DeviceKernel> kernels;
  uint32_t ptxSection = 0;   ///< Text that ends in a NUL; set by the writer.
  uint32_t cubinSection = 0; ///< 0: none; set by the writer.
};

/// The header of a model.bin.
struct Model {
  std::string name;         ///< For people: the model's name.
  std::string producer;     ///< `llmc 0.1.0`
  std::string quantization; ///< `f32`, `bf16`, `w8` …; for people.
  /// What the compiler recognised, a line each: `attention 5/5`.
  std::vector<std::string> report;
  std::vector<Module> modules;
  std::vector<Weight> weights;
  std::vector<Kernel> kernels;
  std::vector<KernelImage> images;
  /// What the model came from: `pytorch 2.8.0, ONNX IR 8, opset 17`; for people.
  std::string source;
  std::vector<DeviceImage> devices;
};

} // namespace llmc

#endif // LLMC_RUNTIME_FORMAT_PROGRAM_H
