NAME        
ROWS
 N  Obj     
 E  r0      
 E  r1      
 E  r2      
 E  r3      
 G  r4      
 L  r5      
 E  r6      
 G  r7      
 E  r8      
 L  r9      
 E  r10     
 G  r11     
 E  r12     
 E  r13     
 G  r14     
 E  r15     
 E  r16     
 G  r17     
 E  r18     
 G  r19     
 E  r20     
 E  r21     
 E  r22     
 E  r23     
 E  r24     
 E  r25     
 E  r26     
 E  r27     
 E  r28     
 E  r29     
 E  r30     
 E  r31     
 E  r32     
 G  r33     
 L  r34     
 L  r35     
 L  r36     
 L  r37     
 L  r38     
 L  r39     
 L  r40     
 L  r41     
 L  r42     
 L  r43     
 L  r44     
 L  r45     
 L  r46     
 L  r47     
 L  r48     
 L  r49     
 L  r50     
 L  r51     
 L  r52     
 L  r53     
 L  r54     
 L  r55     
COLUMNS
    c0        r0        1
    c0        r1        -1
    c1        r1        1
    c1        r2        -1
    c2        r2        1
    c2        r3        -1
    c3        r3        -0.93999999999999995
    c3        r4        1
    c3        r34       1
    c3        r44       1
    c4        r3        1
    c4        r35       1
    c5        r3        1
    c5        r6        -1
    c6        r4        1
    c6        r45       1
    c7        Obj       -20
    c7        r5        1
    c7        r8        1
    c8        r8        1
    c9        r6        -0.93999999999999995
    c9        r7        1
    c9        r8        -1
    c9        r36       1
    c9        r46       1
    c10       r6        1
    c10       r8        1
    c10       r37       1
    c11       r6        1
    c11       r10       -1
    c12       r7        1
    c12       r47       1
    c13       Obj       -44
    c13       r9        1
    c13       r12       1
    c14       r10       -0.93999999999999995
    c14       r11       1
    c14       r12       -1
    c14       r38       1
    c14       r48       1
    c15       r10       1
    c15       r12       1
    c15       r39       1
    c16       r10       1
    c16       r13       -1
    c17       r11       1
    c17       r49       1
    c18       r13       -0.93999999999999995
    c18       r14       1
    c18       r40       1
    c18       r50       1
    c19       r13       1
    c19       r41       1
    c20       r13       1
    c20       r15       -1
    c21       r14       1
    c21       r51       1
    c22       r15       1
    c22       r16       -1
    c23       r16       -0.93999999999999995
    c23       r17       1
    c23       r42       1
    c23       r52       1
    c24       r16       1
    c24       r43       1
    c25       r16       1
    c25       r18       -1
    c26       r17       1
    c26       r53       1
    c27       r18       -0.93999999999999995
    c27       r19       1
    c27       r54       1
    c28       r18       1
    c28       r20       -1
    c29       r19       1
    c29       r55       1
    c30       r20       1
    c30       r21       -1
    c31       r21       1
    c31       r22       -1
    c32       r22       1
    c32       r23       -1
    c33       r23       1
    c33       r24       -1
    c34       r24       1
    c34       r25       -1
    c35       r25       1
    c35       r26       -1
    c36       r26       1
    c36       r27       -1
    c37       r27       1
    c37       r28       -1
    c38       r28       1
    c38       r29       -1
    c39       r29       1
    c39       r30       -1
    c40       r30       1
    c40       r31       -1
    c41       r31       1
    c41       r32       -1
    c42       r32       1
    c42       r33       1
    c43       Obj       50
    c43       r5        -1
    c43       r9        -1
    MARK0000  'MARKER'                 'INTORG'
    c44       r34       -4
    c44       r35       4
    c45       r36       -4
    c45       r37       4
    c46       r38       -4
    c46       r39       4
    c47       r40       -4
    c47       r41       4
    c48       r42       -4
    c48       r43       4
    c49       r44       -4
    c49       r45       4
    c50       r46       -4
    c50       r47       4
    c51       r48       -4
    c51       r49       4
    c52       r50       -4
    c52       r51       4
    c53       r52       -4
    c53       r53       4
    c54       r54       -4
    c54       r55       4
    MARK0001  'MARKER'                 'INTEND'
RHS
    RHS_V     r0        1.5
    RHS_V     r4        4
    RHS_V     r7        4
    RHS_V     r8        8
    RHS_V     r11       4
    RHS_V     r12       5
    RHS_V     r14       4
    RHS_V     r17       4
    RHS_V     r19       4
    RHS_V     r33       1.5
    RHS_V     r35       4
    RHS_V     r37       4
    RHS_V     r39       4
    RHS_V     r41       4
    RHS_V     r43       4
    RHS_V     r45       4
    RHS_V     r47       4
    RHS_V     r49       4
    RHS_V     r51       4
    RHS_V     r53       4
    RHS_V     r55       4
BOUNDS
 UP BOUND     c0        3
 UP BOUND     c1        3
 UP BOUND     c2        3
 UP BOUND     c3        4
 UP BOUND     c4        4
 UP BOUND     c5        3
 UP BOUND     c6        4
 UP BOUND     c7        20
 UP BOUND     c8        4
 UP BOUND     c9        4
 UP BOUND     c10       4
 UP BOUND     c11       3
 UP BOUND     c12       4
 UP BOUND     c13       20
 UP BOUND     c14       4
 UP BOUND     c15       4
 UP BOUND     c16       3
 UP BOUND     c17       4
 UP BOUND     c18       4
 UP BOUND     c19       4
 UP BOUND     c20       3
 UP BOUND     c21       4
 UP BOUND     c22       3
 UP BOUND     c23       4
 UP BOUND     c24       4
 UP BOUND     c25       3
 UP BOUND     c26       4
 UP BOUND     c27       4
 UP BOUND     c28       3
 UP BOUND     c29       4
 UP BOUND     c30       3
 UP BOUND     c31       3
 UP BOUND     c32       3
 UP BOUND     c33       3
 UP BOUND     c34       3
 UP BOUND     c35       3
 UP BOUND     c36       3
 UP BOUND     c37       3
 UP BOUND     c38       3
 UP BOUND     c39       3
 UP BOUND     c40       3
 UP BOUND     c41       3
 UP BOUND     c42       3
 BV BOUND     c44     
 BV BOUND     c45     
 BV BOUND     c46     
 BV BOUND     c47     
 BV BOUND     c48     
 BV BOUND     c49     
 BV BOUND     c50     
 BV BOUND     c51     
 BV BOUND     c52     
 BV BOUND     c53     
 BV BOUND     c54     
ENDATA
