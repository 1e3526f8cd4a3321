/* Written by coefficients.py; do not edit. Errors are relative, of the function built from them. */
#if FL_ARITH == 32
#define LN2_HI 0x1.62e4000000000p-1f
#define LN2_LO 0x1.7f7d1c0000000p-20f
#define LOG2E 0x1.7154760000000p+0f
/* max error 2^-31.82 */
#define EXPM1_POLYNOMIAL 0x1.0000000000000p-1f, 0x1.5555540000000p-3f, 0x1.5554b40000000p-5f, 0x1.1111800000000p-7f, 0x1.6d6f5c0000000p-10f, 0x1.a03fc20000000p-13f
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.5555740000000p-1f, 0x1.9964220000000p-2f, 0x1.3168ae0000000p-2f
#elif FL_ARITH == 64
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
/* max error 2^-55.46 */
#define EXPM1_POLYNOMIAL 0x1.0000000000004p-1, 0x1.555555555553dp-3, 0x1.55555555525aap-5, 0x1.1111111118463p-7, 0x1.6c16c17e47817p-10, 0x1.a01a01789046dp-13, 0x1.a019a8d7bea8ap-16, 0x1.71de80d08b06fp-19, 0x1.28a0b4d6e5819p-22, 0x1.ae766c9fdd64dp-26
/* max error 2^-58.86 */
#define LOG_POLYNOMIAL 0x1.5555555555567p-1, 0x1.999999998c347p-2, 0x1.2492493840dd7p-2, 0x1.c71c592c9c33dp-3, 0x1.7464e5ef7804ep-3, 0x1.39c212bb150e4p-3, 0x1.2dd3be898df86p-3
#elif FL_ARITH == 3264
#define LN2_HI 0x1.62e42fefa3000p-1
#define LN2_LO 0x1.3de6af278ece6p-42
#define LOG2E 0x1.71547652b82fep+0
/* max error 2^-26.06 */
#define EXPM1_POLYNOMIAL 0x1.fffffeeb462eep-2, 0x1.5554b1ff536b7p-3, 0x1.555652e26f966p-5, 0x1.12268471bd64fp-7, 0x1.6c0435dc8d19fp-10
/* max error 2^-29.83 */
#define LOG_POLYNOMIAL 0x1.55557310bd94dp-1, 0x1.996421be27eb4p-2, 0x1.3168ae777529bp-2
#endif
