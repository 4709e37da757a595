; llc-22 -mtriple=nvptx64-nvidia-cuda -mcpu=sm_80 scalar.ll -o scalar-sm80.ptx
@dyn = external addrspace(3) global [0 x i8], align 1024
@staged = internal addrspace(3) global [128 x float] undef, align 16
@table = addrspace(4) constant [4 x float] [float 1.0, float 2.0, float 3.0, float 4.0]
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare float @llvm.nvvm.ex2.approx.ftz.f(float)
define float @helper(float %x, {i32, i64} %s) noinline {
  %a = extractvalue {i32, i64} %s, 1
  %f = sitofp i64 %a to float
  %y = fadd float %x, %f
  ret float %y
}
define ptx_kernel void @k(ptr addrspace(1) %p, ptr byval([128 x i8]) align 64 %q, i8 %c, half %h) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %g = getelementptr float, ptr addrspace(1) %p, i32 %t
  %v = load float, ptr addrspace(1) %g
  %s = getelementptr [128 x float], ptr addrspace(3) @staged, i32 0, i32 %t
  store float %v, ptr addrspace(3) %s
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %q1 = getelementptr i8, ptr %q, i32 %t
  %b = load i8, ptr %q1
  %bi = zext i8 %b to i32
  %ci = sext i8 %c to i64
  %loc = alloca [16 x i32], align 16
  %ti = and i32 %t, 3
  %l0 = getelementptr i32, ptr %loc, i32 %ti
  store i32 %bi, ptr %l0
  %l1 = load i32, ptr %l0
  %ag0 = insertvalue {i32, i64} undef, i32 %l1, 0
  %ag = insertvalue {i32, i64} %ag0, i64 %ci, 1
  %r = call float @helper(float %v, {i32, i64} %ag)
  %cg = getelementptr [4 x float], ptr addrspace(4) @table, i32 0, i32 %ti
  %cv = load float, ptr addrspace(4) %cg
  %r2 = fadd float %r, %cv
  %hf = fpext half %h to float
  %r3 = fmul float %r2, %hf
  %cond = fcmp ogt float %r3, 0.0
  br i1 %cond, label %yes, label %no
yes:
  %r4 = call float @llvm.nvvm.ex2.approx.ftz.f(float %r3)
  store float %r4, ptr addrspace(1) %g
  br label %no
no:
  %d = getelementptr i8, ptr addrspace(3) @dyn, i32 %t
  store i8 3, ptr addrspace(3) %d
  %x = atomicrmw fadd ptr addrspace(1) %p, float 1.0 seq_cst
  fence syncscope("block") seq_cst
  ret void
}
