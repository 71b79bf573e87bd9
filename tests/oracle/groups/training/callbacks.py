"""Cases of callbacks on scripted logs, with a model that only remembers: where training ends, which weights are kept,
which learning rates follow, which files are written. Epochs count from 1 in the fixture."""
from kit.ops import NAN, tf_keras
from kit.training import emit

CALLBACKS = tf_keras.callbacks


class Model:
    """Its weights are the number of the epoch."""

    def __init__(self):
        self.optimizer = tf_keras.optimizers.legacy.SGD(0.5)
        self.optimizer.lr = 0.5
        self.stop_training, self.weights, self.saved = False, 0, []
        self.distribute_strategy = tf_keras.models.Sequential().distribute_strategy

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, **_):
        self.saved.append(path)

    def save_weights(self, path, **_):
        self.saved.append("weights of " + path)


def run(name, options, logs, batches=0):
    model = Model()
    callback = getattr(CALLBACKS, name)(**options)
    callback.set_model(model)
    callback.on_train_begin()
    last, rates = 0, []
    for epoch, values in enumerate(logs):
        callback.on_epoch_begin(epoch)
        for batch in range(batches):
            callback.on_train_batch_end(batch, dict(values))
        model.weights = last = epoch + 1
        callback.on_epoch_end(epoch, dict(values))
        rates.append(float(model.optimizer.lr.numpy()))
        if model.stop_training:
            break
    callback.on_train_end()
    return model, last, rates


def case(name, options, logs, batches=0):
    model, last, rates = run(name, options, logs, batches)
    emit("callbacks", name=name, options=options, logs=logs, batches=batches, last=last, stopped=model.stop_training,
         weights=model.weights, rates=rates, saved=model.saved)


def losses(*values, name="val_loss"):
    return [{name: v} if v is not None else {"loss": 1.0} for v in values]


DOWN = losses(5.0, 4.0, 4.5, 3.5, 3.6, 3.4, 3.7, 3.8, 3.9, 3.3)
FLAT = losses(2.0, 2.0, 1.9, 1.9, 1.85, 1.7, 1.69, 1.69, 1.69, 1.69, 1.69, 1.69)
UP = losses(0.1, 0.3, 0.2, 0.4, 0.4, 0.4, 0.5, 0.1, 0.1, 0.1, name="val_accuracy")


def early_stopping():
    for options in ({}, {"patience": 1}, {"patience": 2}, {"patience": 3, "restore_best_weights": True},
                    {"patience": 2, "restore_best_weights": True}, {"min_delta": 0.5, "patience": 2},
                    {"min_delta": -0.5, "patience": 2}, {"patience": 2, "baseline": 4.2},
                    {"patience": 1, "baseline": 1.0, "restore_best_weights": True}, {"patience": 2, "mode": "max"},
                    {"patience": 1, "start_from_epoch": 3}, {"patience": 2, "monitor": "loss"}):
        case("EarlyStopping", options, DOWN)
        case("EarlyStopping", options, FLAT)
    for options in ({"patience": 2}, {"patience": 1, "mode": "min"}, {"patience": 3, "min_delta": 0.15,
                                                                      "restore_best_weights": True}):
        case("EarlyStopping", {**options, "monitor": "val_accuracy"}, UP)
    case("EarlyStopping", {"patience": 1}, losses(2.0, None, 3.0, None, 4.0, 5.0))
    case("EarlyStopping", {"patience": 2, "restore_best_weights": True}, losses(NAN, 3.0, NAN, NAN, NAN))


def plateau():
    for options in ({"patience": 2}, {"patience": 0, "factor": 0.5}, {"patience": 1, "cooldown": 2, "factor": 0.5},
                    {"patience": 1, "min_lr": 0.125, "factor": 0.5}, {"patience": 2, "min_delta": 0.3, "factor": 0.5},
                    {"patience": 1, "mode": "max", "factor": 0.5}, {"patience": 1, "cooldown": 1, "factor": 0.25}):
        case("ReduceLROnPlateau", options, DOWN)
        case("ReduceLROnPlateau", options, FLAT)
    case("ReduceLROnPlateau", {"patience": 2, "monitor": "val_accuracy", "factor": 0.5}, UP)
    case("ReduceLROnPlateau", {"patience": 1, "factor": 0.5}, losses(2.0, None, 3.0, NAN, 4.0, 5.0))


def checkpoint():
    path = "w{epoch:03d}-{val_loss:.2f}"
    for options in ({}, {"save_best_only": True}, {"save_best_only": True, "mode": "max"}, {"save_weights_only": True},
                    {"save_best_only": True, "initial_value_threshold": 3.55}):
        case("ModelCheckpoint", {"filepath": path, **options}, DOWN[:8])
    case("ModelCheckpoint", {"filepath": "b{epoch}.{batch:02d}", "save_freq": 3}, DOWN[:4], batches=4)
    case("ModelCheckpoint", {"filepath": "b{epoch}", "save_freq": 5, "save_best_only": True}, DOWN[:6], batches=2)
    case("ModelCheckpoint", {"filepath": "{val_accuracy:.1f}", "monitor": "val_accuracy", "save_best_only": True}, UP)
    case("ModelCheckpoint", {"filepath": "all", "save_best_only": True}, losses(2.0, None, 1.0))


GROUPS = (early_stopping, plateau, checkpoint)
