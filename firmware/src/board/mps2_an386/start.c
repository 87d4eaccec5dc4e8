/* From reset to main(): a vector table, and memory as C expects it. */
#include <stdint.h>

extern uint32_t data_from, data_begin, data_end, bss_begin, bss_end, stack_top;
int main(void);
void systick(void);

static void hang(void) {
    for (;;) {
    }
}

static void start(void) {
    uint32_t *from = &data_from;
    for (uint32_t *to = &data_begin; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_begin; to < &bss_end;) {
        *to++ = 0;
    }
    main();
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    [0] = (handler)(uintptr_t)&stack_top,
    [1] = start,
    [2] = hang,
    [3] = hang,
    [4] = hang,
    [5] = hang,
    [6] = hang,
    [11] = hang,
    [14] = hang,
    [15] = systick,
};
