/* The ATmega328P with the firmware in it, on simavr: a shared library that Python drives.
 *
 * Simulated time only: chip_run() advances it, and nothing else does. Every edge of the twelve servo pins is judged
 * here, so that what is reported is what a servo would have seen. */
#define _GNU_SOURCE
#include <simavr/avr_adc.h>
#include <simavr/avr_eeprom.h>
#include <simavr/avr_extint.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_interrupts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HZ 16000000UL
#define SERVOS 12
#define LINE 65536    /* bytes on their way, either direction; a power of two */
#define PULSES 65536  /* kept until they are taken; a power of two */
#define FIFO 3        /* the receiver holds two bytes, and one in its shift register */
#define VECTORS 26
#define TICKS_ON 0x6e /* TIMSK0: which interrupts of the firmware's clock are on */
#define HANG 0xcfff   /* rjmp to itself */
#define MARK 0x3e     /* GPIOR0, in data space: the firmware writes it once in every round of its main loop */

#define STUCK (HZ / 385) /* 2.6 ms: no pulse is so long */

static const char SERVO_PIN[SERVOS][3] = {"D2", "D3", "D4", "D5", "D6", "D7", "B0", "B1", "B2", "B3", "B4", "C5"};

struct pulse {
    uint64_t rise;
    uint32_t width;
    uint8_t servo;
    uint8_t cut; /* by a reset: what it would have been, nobody knows */
};

struct span {
    uint64_t from;
    uint32_t worst;
};

struct chip {
    avr_t *avr;
    avr_uart_t *uart;
    avr_irq_t *rx, *adc, *pin_c[8];
    uint8_t in[LINE], out[LINE];
    uint32_t in_head, in_tail, out_head, out_tail;
    int feeding;
    uint8_t driven, levels; /* of port C, from outside */
    uint16_t mv[8];         /* at the analogue inputs */
    uint16_t noise_mv;      /* largest error of a conversion */
    uint32_t dice;
    uint64_t rise[SERVOS];
    struct pulse pulse[PULSES];
    uint32_t pulse_head, pulse_tail;
    uint32_t overrun, resets, dropped;
    struct span running[VECTORS], waiting[VECTORS], loop;
    int hang;              /* at the next round of the main loop */
    uint32_t hung_at;      /* where it hangs, in flash; 0: it does not */
    uint8_t hung_from[2];  /* what stood there */
};

struct tag {
    struct chip *chip;
    int n;
};

static struct chip *current; /* simavr's reset callback carries no parameter; one chip runs at a time */

static void no_sleep(avr_t *avr, avr_cycle_count_t cycles) { (void)avr, (void)cycles; }

static avr_cycle_count_t slice_end(avr_t *avr, avr_cycle_count_t when, void *param) {
    (void)avr, (void)when, (void)param;
    return 0;
}

static unsigned byte_cycles(avr_t *avr) {
    unsigned ubrr = avr->data[0xc4] | (avr->data[0xc5] & 15) << 8;
    return (ubrr + 1) * ((avr->data[0xc0] & 2) ? 8 : 16) * 10;
}

static void keep_pulse(struct chip *c, int servo, uint8_t cut) {
    struct pulse *p = &c->pulse[c->pulse_head++ % PULSES];
    if (c->pulse_head - c->pulse_tail > PULSES) {
        c->pulse_tail++;
        c->dropped++;
    }
    *p = (struct pulse){c->rise[servo], (uint32_t)(c->avr->cycle - c->rise[servo]), (uint8_t)servo, cut};
    c->rise[servo] = 0;
}

static void on_servo(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct tag *t = param;
    struct chip *c = t->chip;
    if (value && !c->rise[t->n]) {
        c->rise[t->n] = c->avr->cycle;
    } else if (!value && c->rise[t->n]) {
        keep_pulse(c, t->n, 0);
    }
}

static void on_byte(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct chip *c = param;
    if (c->out_head - c->out_tail < LINE) {
        c->out[c->out_head++ % LINE] = (uint8_t)value;
    }
}

/* Every conversion errs by itself, as a real one does: without that nothing finer than its steps could be told. */
static void on_conversion(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)value;
    struct chip *c = param;
    for (int n = 0; n < 8; n++) {
        c->dice ^= c->dice << 13;
        c->dice ^= c->dice >> 17;
        c->dice ^= c->dice << 5;
        int mv = c->mv[n] + (c->noise_mv ? (int)(c->dice % (2u * c->noise_mv + 1)) - c->noise_mv : 0);
        avr_raise_irq(c->adc + n, (uint32_t)(mv < 0 ? 0 : mv > 5000 ? 5000 : mv));
    }
}

static void over(struct span *s, uint64_t now, uint32_t starts) {
    if (starts) {
        s->from = now;
    } else if (s->from) {
        uint32_t took = (uint32_t)(now - s->from);
        s->worst = took > s->worst ? took : s->worst;
        s->from = 0;
    }
}

static void on_pending(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct tag *t = param;
    struct span *s = &t->chip->waiting[t->n];
    if (value && !s->from) {
        s->from = t->chip->avr->cycle;
    }
}

static void on_running(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    struct tag *t = param;
    over(&t->chip->running[t->n], t->chip->avr->cycle, value != 0);
    if (value) {
        over(&t->chip->waiting[t->n], t->chip->avr->cycle, 0);
    }
}

static void on_mark(struct avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param) {
    struct chip *c = param;
    avr->data[addr] = value;
    over(&c->loop, avr->cycle, 0);
    c->loop.from = avr->cycle;
    if (c->hang) {
        c->hang = 0;
        c->hung_at = avr->pc + 2; /* a write to a low register is one word long */
        memcpy(c->hung_from, avr->flash + c->hung_at, 2);
        avr->flash[c->hung_at] = HANG & 0xff;
        avr->flash[c->hung_at + 1] = HANG >> 8;
    }
}

static void on_reset(avr_t *avr) {
    struct chip *c = current;
    if (!c || c->avr != avr) {
        return;
    }
    c->resets++;
    if (c->hung_at) {
        memcpy(avr->flash + c->hung_at, c->hung_from, 2);
        c->hung_at = 0;
    }
    for (int n = 0; n < SERVOS; n++) {
        if (c->rise[n]) {
            keep_pulse(c, n, 1); /* the pin floats, and the servo's pull-down ends it */
        }
    }
    memset(c->running, 0, sizeof c->running);
    for (int v = 0; v < VECTORS; v++) {
        c->waiting[v].from = 0;
    }
    c->loop.from = 0;
}

static avr_cycle_count_t feed(avr_t *avr, avr_cycle_count_t when, void *param) {
    struct chip *c = param;
    if (c->in_head == c->in_tail) {
        c->feeding = 0;
        return 0;
    }
    uint8_t byte = c->in[c->in_tail++ % LINE];
    if (((c->uart->input.write - c->uart->input.read) & 63) >= FIFO) {
        c->overrun++;
    } else {
        avr_raise_irq(c->rx, byte);
    }
    return when + byte_cycles(avr);
}

void chip_free(struct chip *c) {
    if (c) {
        avr_terminate(c->avr);
        free(c);
    }
}

/* NULL if the ELF cannot be read. */
struct chip *chip_new(const char *elf) {
    elf_firmware_t firmware;
    memset(&firmware, 0, sizeof firmware);
    avr_global_logger_set(NULL);
    if (elf_read_firmware(elf, &firmware)) {
        return NULL;
    }
    strcpy(firmware.mmcu, "atmega328p");
    firmware.frequency = HZ;
    struct chip *c = calloc(1, sizeof *c);
    avr_t *avr = c->avr = avr_make_mcu_by_name(firmware.mmcu);
    avr_init(avr);
    avr->log = LOG_NONE;
    avr_load_firmware(avr, &firmware);
    avr->sleep = no_sleep;
    avr->vcc = avr->avcc = avr->aref = 5000;
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    for (avr_io_t *io = avr->io_port; io; io = io->next) {
        if (!strcmp(io->kind, "uart")) {
            c->uart = (avr_uart_t *)io;
        }
    }
    c->rx = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    c->adc = avr_io_getirq(avr, AVR_IOCTL_ADC_GETIRQ, 0);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte, c);
    avr_irq_register_notify(c->adc + ADC_IRQ_OUT_TRIGGER, on_conversion, c);
    c->dice = 1;
    for (int n = 0; n < SERVOS; n++) {
        struct tag *tag = malloc(sizeof *tag);
        *tag = (struct tag){c, n};
        avr_irq_t *pin = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(SERVO_PIN[n][0]), SERVO_PIN[n][1] - '0');
        avr_irq_register_notify(pin, on_servo, tag);
    }
    for (int n = 0; n < 8; n++) {
        c->pin_c[n] = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('C'), n);
    }
    for (int v = 1; v < VECTORS; v++) {
        avr_irq_t *irq = avr_get_interrupt_irq(avr, (uint8_t)v);
        if (irq) {
            struct tag *tag = malloc(sizeof *tag);
            *tag = (struct tag){c, v};
            avr_irq_register_notify(irq + AVR_INT_IRQ_PENDING, on_pending, tag);
            avr_irq_register_notify(irq + AVR_INT_IRQ_RUNNING, on_running, tag);
        }
    }
    avr_register_io_write(avr, MARK, on_mark, c);
    avr->reset = on_reset;
    return c;
}

/* Bytes onto the line towards the chip; they arrive one after another at its baud rate. Returns how many fitted. */
int chip_feed(struct chip *c, const uint8_t *bytes, int count) {
    int fitted = 0;
    while (fitted < count && c->in_head - c->in_tail < LINE) {
        c->in[c->in_head++ % LINE] = bytes[fitted++];
    }
    return fitted;
}

int chip_take(struct chip *c, uint8_t *bytes, int most) {
    int count = 0;
    while (count < most && c->out_tail != c->out_head) {
        bytes[count++] = c->out[c->out_tail++ % LINE];
    }
    return count;
}

int chip_take_pulses(struct chip *c, struct pulse *pulses, int most) {
    int count = 0;
    while (count < most && c->pulse_tail != c->pulse_head) {
        pulses[count++] = c->pulse[c->pulse_tail++ % PULSES];
    }
    return count;
}

void chip_adc(struct chip *c, int channel, int mv) { c->mv[channel] = (uint16_t)mv; }

void chip_noise(struct chip *c, int mv, uint32_t seed) {
    c->noise_mv = (uint16_t)mv;
    c->dice = seed * 2654435761u + 1;
}

void chip_pin_c(struct chip *c, int pin, int level) {
    avr_ioport_external_t outside = {.name = 'C', .mask = 0, .value = 0};
    c->driven |= (uint8_t)(1 << pin);
    c->levels = (uint8_t)((c->levels & ~(1 << pin)) | level << pin);
    outside.mask = c->driven;
    outside.value = c->levels;
    avr_ioctl(c->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('C'), &outside); /* else the pull-up would have the last word */
    c->pin_c[pin]->value = !level; /* a reset clears the pin and not this: simavr would see no change to pass on */
    avr_raise_irq(c->pin_c[pin], (uint32_t)level);
}

/* Advances by `cycles`, or until the chip says something if `stop_on_byte`. 0, or -1 if the chip has crashed. */
int chip_run(struct chip *c, uint64_t cycles, int stop_on_byte) {
    avr_t *avr = c->avr;
    uint64_t end = avr->cycle + cycles;
    current = c;
    /* Else PD2 and PD3, which are servos, are polled every cycle as level interrupts. A reset forgets all three. */
    avr_extint_set_strict_lvl_trig(avr, 0, 0);
    avr_extint_set_strict_lvl_trig(avr, 1, 0);
    avr->run_cycle_limit = 1000;
    avr_cycle_timer_register(avr, cycles, slice_end, c);
    while (avr->cycle < end && !(stop_on_byte && c->out_head != c->out_tail)) {
        c->uart->cycles_per_byte = byte_cycles(avr); /* simavr counts a parity bit that is not there */
        if (c->in_head != c->in_tail && !c->feeding) {
            c->feeding = 1;
            avr_cycle_timer_register(avr, byte_cycles(avr), feed, c);
        }
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            return -1;
        }
    }
    /* A pin that stays high is told as pulses without a pause between them, each far too long. */
    for (int n = 0; n < SERVOS; n++) {
        if (c->rise[n] && avr->cycle - c->rise[n] > STUCK) {
            keep_pulse(c, n, 0);
            c->rise[n] = avr->cycle;
        }
    }
    return 0;
}

void chip_reset(struct chip *c, int brown_out) {
    current = c;
    avr_reset(c->avr);
    c->feeding = 0; /* timers do not outlive a reset */
    avr_regbit_setto(c->avr, brown_out ? c->avr->reset_flags.borf : c->avr->reset_flags.extrf, 1);
}

/* The main loop goes round no more; interrupts, and so pulses, go on. Only a reset mends it. */
void chip_hang(struct chip *c) { c->hang = 1; }

/* The clock's interrupts stop, and with them the ticks; the main loop and the pulses go on. */
void chip_stop_ticks(struct chip *c) { c->avr->data[TICKS_ON] = 0; }

uint64_t chip_cycle(struct chip *c) { return c->avr->cycle; }
uint32_t chip_resets(struct chip *c) { return c->resets; }
uint32_t chip_overruns(struct chip *c) { return c->overrun; }
uint32_t chip_dropped_pulses(struct chip *c) { return c->dropped; }
uint32_t chip_worst_loop(struct chip *c) { return c->loop.worst; }
void chip_forget_worst(struct chip *c) {
    memset(c->running, 0, sizeof c->running);
    memset(c->waiting, 0, sizeof c->waiting);
    memset(&c->loop, 0, sizeof c->loop);
}

uint32_t chip_worst_running(struct chip *c, int vector) { return c->running[vector].worst; }
uint32_t chip_worst_waiting(struct chip *c, int vector) { return c->waiting[vector].worst; }

/* What outlives a power cut: 1024 bytes. */
void chip_eeprom(struct chip *c, uint8_t *bytes, int write) {
    avr_eeprom_desc_t part = {.ee = bytes, .offset = 0, .size = 1024};
    avr_ioctl(c->avr, write ? AVR_IOCTL_EEPROM_SET : AVR_IOCTL_EEPROM_GET, &part);
}
