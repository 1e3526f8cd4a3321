/* The opposites of comparisons, which are true for NaN, in one instruction each: of ~ and a generic comparison GCC 12
 * makes two of AVX2, or four. */
#if FL_BYTES == 64
INLINE mask v_not_lt(vec a, vec b) { return COMPARE(a, b, _CMP_NLT_UQ); }
INLINE mask v_not_le(vec a, vec b) { return COMPARE(a, b, _CMP_NLE_UQ); }
INLINE mask v_ne(vec a, vec b) { return COMPARE(a, b, _CMP_NEQ_UQ); }
#elif FL_BYTES == 32
INLINE mask v_not_lt(vec a, vec b) { return (mask)OF_REAL(cmp)((REGISTER)a, (REGISTER)b, _CMP_NLT_UQ); }
INLINE mask v_not_le(vec a, vec b) { return (mask)OF_REAL(cmp)((REGISTER)a, (REGISTER)b, _CMP_NLE_UQ); }
INLINE mask v_ne(vec a, vec b) { return (mask)(a != b); }
#else
INLINE mask v_not_lt(vec a, vec b) { return m_not(v_lt(a, b)); }
INLINE mask v_not_le(vec a, vec b) { return m_not(v_le(a, b)); }
INLINE mask v_ne(vec a, vec b) { return m_not(v_eq(a, b)); }
#endif
INLINE mask v_is_nan(vec a) { return v_ne(a, a); }
