; llc-22 -mtriple=nvptx64-nvidia-cuda -mcpu=sm_80 gemm.ll -o gemm-sm80.ptx
; One warp: d[16,8] = a[16,64] b[8,64]^T in bf16, by cp.async, ldmatrix and mma.
@a_tile = internal addrspace(3) global [1024 x i16] undef, align 128
@b_tile = internal addrspace(3) global [512 x i16] undef, align 128
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3), ptr addrspace(1))
declare void @llvm.nvvm.cp.async.commit.group()
declare void @llvm.nvvm.cp.async.wait.group(i32)
declare {i32, i32, i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3))
declare {i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3))
declare {float, float, float, float} @llvm.nvvm.mma.m16n8k16.row.col.bf16(i32, i32, i32, i32, i32, i32, float, float, float, float)

define ptx_kernel void @gemm(ptr addrspace(1) %a, ptr addrspace(1) %b, ptr addrspace(1) %d) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %t8 = mul i32 %t, 8
  %ai0 = add i32 %t8, 0
  %ag0 = getelementptr i16, ptr addrspace(1) %a, i32 %ai0
  %as0 = getelementptr i16, ptr addrspace(3) @a_tile, i32 %ai0
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %as0, ptr addrspace(1) %ag0)
  %ai1 = add i32 %t8, 256
  %ag1 = getelementptr i16, ptr addrspace(1) %a, i32 %ai1
  %as1 = getelementptr i16, ptr addrspace(3) @a_tile, i32 %ai1
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %as1, ptr addrspace(1) %ag1)
  %ai2 = add i32 %t8, 512
  %ag2 = getelementptr i16, ptr addrspace(1) %a, i32 %ai2
  %as2 = getelementptr i16, ptr addrspace(3) @a_tile, i32 %ai2
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %as2, ptr addrspace(1) %ag2)
  %ai3 = add i32 %t8, 768
  %ag3 = getelementptr i16, ptr addrspace(1) %a, i32 %ai3
  %as3 = getelementptr i16, ptr addrspace(3) @a_tile, i32 %ai3
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %as3, ptr addrspace(1) %ag3)
  %bi0 = add i32 %t8, 0
  %bg0 = getelementptr i16, ptr addrspace(1) %b, i32 %bi0
  %bs0 = getelementptr i16, ptr addrspace(3) @b_tile, i32 %bi0
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %bs0, ptr addrspace(1) %bg0)
  %bi1 = add i32 %t8, 256
  %bg1 = getelementptr i16, ptr addrspace(1) %b, i32 %bi1
  %bs1 = getelementptr i16, ptr addrspace(3) @b_tile, i32 %bi1
  call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %bs1, ptr addrspace(1) %bg1)
  call void @llvm.nvvm.cp.async.commit.group()
  call void @llvm.nvvm.cp.async.wait.group(i32 0)
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %arow = and i32 %t, 15
  %ahalf = lshr i32 %t, 4
  %arow64 = mul i32 %arow, 64
  %ahalf8 = mul i32 %ahalf, 8
  %aoff = add i32 %arow64, %ahalf8
  %brow = and i32 %t, 7
  %bh0 = lshr i32 %t, 3
  %bhalf = and i32 %bh0, 1
  %brow64 = mul i32 %brow, 64
  %bhalf8 = mul i32 %bhalf, 8
  %boff = add i32 %brow64, %bhalf8
  br label %loop
loop:
  %k = phi i32 [0, %0], [%k1, %loop]
  %c0 = phi float [0.0, %0], [%n0, %loop]
  %c1 = phi float [0.0, %0], [%n1, %loop]
  %c2 = phi float [0.0, %0], [%n2, %loop]
  %c3 = phi float [0.0, %0], [%n3, %loop]
  %ao = add i32 %aoff, %k
  %ap = getelementptr i16, ptr addrspace(3) @a_tile, i32 %ao
  %af = call {i32, i32, i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3(ptr addrspace(3) %ap)
  %bo = add i32 %boff, %k
  %bp = getelementptr i16, ptr addrspace(3) @b_tile, i32 %bo
  %bf = call {i32, i32} @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3) %bp)
  %a0 = extractvalue {i32, i32, i32, i32} %af, 0
  %a1 = extractvalue {i32, i32, i32, i32} %af, 1
  %a2 = extractvalue {i32, i32, i32, i32} %af, 2
  %a3 = extractvalue {i32, i32, i32, i32} %af, 3
  %b0 = extractvalue {i32, i32} %bf, 0
  %b1 = extractvalue {i32, i32} %bf, 1
  %m = call {float, float, float, float} @llvm.nvvm.mma.m16n8k16.row.col.bf16(i32 %a0, i32 %a1, i32 %a2, i32 %a3, i32 %b0, i32 %b1, float %c0, float %c1, float %c2, float %c3)
  %n0 = extractvalue {float, float, float, float} %m, 0
  %n1 = extractvalue {float, float, float, float} %m, 1
  %n2 = extractvalue {float, float, float, float} %m, 2
  %n3 = extractvalue {float, float, float, float} %m, 3
  %k1 = add i32 %k, 16
  %more = icmp ult i32 %k1, 64
  br i1 %more, label %loop, label %done
done:
  %row = lshr i32 %t, 2
  %lane = and i32 %t, 3
  %column = mul i32 %lane, 2
  %row8 = mul i32 %row, 8
  %at = add i32 %row8, %column
  %p0 = getelementptr float, ptr addrspace(1) %d, i32 %at
  %p1 = getelementptr float, ptr addrspace(1) %p0, i32 1
  %p2 = getelementptr float, ptr addrspace(1) %p0, i32 64
  %p3 = getelementptr float, ptr addrspace(1) %p0, i32 65
  store float %n0, ptr addrspace(1) %p0
  store float %n1, ptr addrspace(1) %p1
  store float %n2, ptr addrspace(1) %p2
  store float %n3, ptr addrspace(1) %p3
  ret void
}
